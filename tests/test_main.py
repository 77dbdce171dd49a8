"""The command line: what a user writes in a shell, in this process."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from presets.__main__ import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    table = load_iris(as_frame=True).frame
    table["target"] = np.array(["setosa", "versicolor", "virginica"])[table["target"]]
    table["garden"] = np.where(np.arange(len(table)) % 3, "north", None)
    table.to_csv(folder / "iris.csv", index=False)
    code = main(
        [
            *("fit", str(folder / "iris.csv"), "--target", "target", "--time", "1", "--quiet"),
            *("--model", str(folder / "model.skops"), "--report", str(folder / "report.html")),
        ]
    )
    assert code == 0
    return folder


def test_fit_writes_a_model_and_a_report(folder, capsys):
    assert (folder / "report.html").stat().st_size > 5000
    assert main(["leaderboard", str(folder / "model.skops")]) == 0
    assert "linear" in capsys.readouterr().out


def test_predictions_keep_the_rows_and_match_columns_by_name(folder, capsys):
    table = pd.read_csv(folder / "iris.csv")
    shuffled = table.drop(columns="target").sample(frac=1, axis=1, random_state=0).assign(note="x")
    shuffled.to_csv(folder / "new.csv", index=False)
    arguments = ["predict", str(folder / "model.skops"), str(folder / "new.csv"), "--proba"]
    assert main([*arguments, "--output", str(folder / "predictions.csv")]) == 0
    assert "ignored: note" in capsys.readouterr().err
    predicted = pd.read_csv(folder / "predictions.csv")
    assert (predicted["prediction"] == table["target"]).mean() > 0.9
    np.testing.assert_allclose(predicted.filter(like="probability_").sum(axis=1), 1)
    assert main(arguments) == 0
    assert capsys.readouterr().out == (folder / "predictions.csv").read_text()


def test_check_looks_at_the_data(folder, capsys):
    assert main(["check", str(folder / "iris.csv"), "--target", "target"]) == 0
    assert "Data check" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "iris.csv", "--target", "price"], "has no column 'price'; it has sepal length"),
        (["fit", "iris.csv"], "Set --target"),
        (["fit", "missing.csv", "--target", "target"], "missing.csv"),
        (["fit", "iris.csv", "--target", "target", "--model", "nowhere/model.skops"], "there is no directory"),
        (["fit", "report.html", "--target", "target"], "report.html cannot be read: it is not a .csv"),
        (["fit", "iris.csv", "--target", "garden"], "y contains NaN or None in row 0"),
        (["fit", "iris.csv", "--target", "target", "--metric", "rmse"], "'rmse' is not a valid scoring value"),
        (["check", "empty.csv", "--target", "target"], "empty.csv cannot be read: No columns"),
        (["check", "objects.npz"], "objects.npz cannot be read: Object arrays"),
        (["predict", "model.skops", "few.csv"], "has no column 'sepal length"),
        (["predict", "iris.csv", "iris.csv"], "damaged"),
        (["leaderboard", "missing.skops"], "missing.skops"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(folder, arguments, message, capsys, monkeypatch):
    pd.DataFrame({"garden": ["north"]}).to_csv(folder / "few.csv", index=False)
    (folder / "empty.csv").touch()
    np.savez(folder / "objects.npz", X=np.array([1, None], dtype=object))
    monkeypatch.chdir(folder)
    assert main(arguments) == 1
    errors = capsys.readouterr().err.strip().splitlines()
    assert errors[-1].startswith("error: ")
    assert message in errors[-1]


def test_wrong_arguments_are_a_usage_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "iris.csv", "--time", "-3"])
    assert "not a positive number" in capsys.readouterr().err


def test_sequences_come_as_arrays(folder):
    steps = np.random.default_rng(0).normal(size=(40, 6, 1)) + np.arange(40)[:, None, None] % 2 * 3
    np.savez(folder / "steps.npz", X=steps, y=np.arange(40) % 2)
    model = str(folder / "steps.skops")
    assert main(["fit", str(folder / "steps.npz"), "--time", "1", "--quiet", "--model", model]) == 0
    assert main(["predict", model, str(folder / "steps.npz"), "--output", str(folder / "steps.csv")]) == 0
    assert len(pd.read_csv(folder / "steps.csv")) == 40


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Dark and bright images, one of them of another size."""
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(40):
        kind = ("dark", "bright")[number % 2]
        (folder / kind).mkdir(exist_ok=True)
        size = (8, 8) if number else (12, 10)
        values = rng.integers(0, 100, size=(*size, 3), dtype=np.uint8) + np.uint8(number % 2 * 150)
        image.fromarray(values).save(folder / kind / f"{number:02d}.png")
    return folder


def test_images_come_as_folders(pictures, tmp_path, capsys):
    model, output = str(tmp_path / "model.skops"), tmp_path / "predictions.csv"
    assert main(["fit", str(pictures), "--time", "1", "--quiet", "--model", model]) == 0
    assert main(["predict", model, str(pictures), "--output", str(output)]) == 0
    predicted = pd.read_csv(output)
    assert (predicted["prediction"] == predicted["file"].str.split("/").str[0]).mean() > 0.9
    assert main(["predict", model, str(pictures / "dark"), "--output", str(output)]) == 0
    assert len(pd.read_csv(output)) == 20
    (pictures / "loose.png").write_bytes((pictures / "dark" / "02.png").read_bytes())
    assert main(["fit", str(pictures)]) == 1
    assert "loose.png is in none of them" in capsys.readouterr().err
    (pictures / "loose.png").unlink()
    (pictures / "dark" / "torn.png").write_bytes(b"no image")
    assert main(["fit", str(pictures)]) == 1
    assert "torn.png" in capsys.readouterr().err
