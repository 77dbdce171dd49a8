"""Small SVG pictures with the colours of the page."""

import html

import numpy as np

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 26, 44
BAR = 22


def bars(labels, values):
    """Draw a horizontal bar for each value. Bars start at 0.

    Parameters
    ----------
    labels : list of str
    values : list of float

    Returns
    -------
    str
        SVG.
    """
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    space = WIDTH - 210
    rows = [
        f'<text x="130" y="{BAR * i + 15}" text-anchor="end">{html.escape(str(label)[:20])}</text>'
        f'<rect class="s0" x="138" y="{BAR * i + 4}" width="{space * abs(value) / largest:.1f}" height="14"/>'
        f'<text x="{144 + space * abs(value) / largest:.1f}" y="{BAR * i + 15}">{value:.4g}</text>'
        for i, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    return _svg("".join(rows), BAR * len(rows) + 6)


def plot(series, *, x_label, y_label, diagonal=False, points=False):
    """Draw lines or points over two axes.

    Parameters
    ----------
    series : dict of str to (array-like, array-like)
        x and y by name.
    x_label, y_label : str
    diagonal : bool, default=False
        Whether to draw y = x.
    points : bool, default=False
        Whether to draw points instead of lines.

    Returns
    -------
    str
        SVG.
    """
    all_x, all_y = (np.concatenate([np.asarray(pair[i], float) for pair in series.values()]) for i in (0, 1))
    if diagonal:
        all_x = all_y = np.concatenate([all_x, all_y])
    x_place, y_place = _scale(all_x, LEFT, WIDTH - RIGHT), _scale(all_y, HEIGHT - BOTTOM, TOP)
    parts = [_axes(all_x, all_y, x_label, y_label)]
    if diagonal:
        ends = np.array([all_x.min(), all_x.max()])
        parts.append(_line(x_place(ends), y_place(ends), "diagonal"))
    for number, (name, (x, y)) in enumerate(series.items()):
        x, y = x_place(np.asarray(x, float)), y_place(np.asarray(y, float))
        if points:
            parts += [
                f'<circle class="s{number}" cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in zip(x, y, strict=True)
            ]
        else:
            parts.append(_line(x, y, f"l{number}"))
        if len(series) > 1:
            legend = f'<text class="t{number}" x="{LEFT + 8 + 100 * number}" y="{TOP - 10}">'
            parts.append(f"{legend}{html.escape(name)}</text>")
    return _svg("".join(parts), HEIGHT)


def _scale(values, start, end):
    low, high = float(values.min()), float(values.max())
    return lambda x: start + (end - start) * (x - low) / ((high - low) or 1.0)


def _line(x, y, name):
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline class="{name}" points="{path}"/>'


def _axes(x, y, x_label, y_label):
    bottom, right, middle = HEIGHT - BOTTOM, WIDTH - RIGHT, (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<polyline class="axis" points="{LEFT},{TOP} {LEFT},{bottom} {right},{bottom}"/>'
        f'<text x="{LEFT}" y="{bottom + 16}">{x.min():.3g}</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{x.max():.3g}</text>'
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{y.min():.3g}</text>'
        f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">{y.max():.3g}</text>'
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_label)}</text>'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
        f"{html.escape(y_label)}</text>"
    )


def _svg(content, height):
    return f'<div class="scroll"><svg viewBox="0 0 {WIDTH} {height}" role="img">{content}</svg></div>'
