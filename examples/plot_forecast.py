"""
===============================================
A forecast with an LSTM, against two baselines
===============================================

The data are the weekly gasoline use of the United States since 1991 (thousand barrels a day; U.S. Energy Information
Administration, public domain, see ``data/README.md``). An LSTM gets half a year and forecasts the next eight weeks. It
must be better than two simple forecasts: the last value, and the same week of the year before.
"""

# %%
# Windows of a series
# -------------------
# The inputs include the sine and cosine of the time of year. The network gets and forecasts differences from the last
# known week, because the level of 1991 says little about the level of 2020. The last six years are the test part.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import quiet_start  # noqa: F401  TensorFlow without its start-up lines

from presets import LSTMRegressor, make_windows

WINDOW, HORIZON, YEAR = 26, 8, 52

data = Path(sys.argv[0]).parent / "data"  # next to this script
table = pd.read_csv(data / "us_gasoline_weekly.csv", parse_dates=["Week"], index_col="Week")
gasoline = table["Gasoline"]
time_of_year = 2 * np.pi * gasoline.index.dayofyear / 365.25
series = np.column_stack([gasoline, np.sin(time_of_year), np.cos(time_of_year)])
n_train = int((gasoline.index < "2015").sum())


def differences(X, y):
    """Windows and targets as differences from the last known value."""
    last = X[:, -1:, :1]
    return np.concatenate([X[:, :, :1] - last, X[:, :, 1:]], axis=2), y - last[:, :, 0]


X_train, y_train = make_windows(series[:n_train], window=WINDOW, horizon=HORIZON)
X_test, y_test = make_windows(series[n_train - YEAR :], window=YEAR, horizon=HORIZON)

# %%
# The network
# -----------
# A forecast of several steps is a regression with several outputs. Windows overlap, so the validation part must be the
# last one, not a random one.

print(f"An LSTM learns from {len(X_train)} windows of {WINDOW} weeks to forecast the next {HORIZON}.")
model = LSTMRegressor(units=(32,), epochs=60, validation_split="last", random_state=0)
model.fit(*differences(X_train, y_train))
seen, _ = differences(X_test[:, -WINDOW:], y_test)
last = X_test[:, -1:, 0]

forecasts = {
    "LSTM": last + model.predict(seen),
    "last value": np.repeat(last, HORIZON, axis=1),
    "same week of last year": X_test[:, :HORIZON, 0],
}
errors = pd.DataFrame({name: np.abs(forecast - y_test).mean(axis=0) for name, forecast in forecasts.items()})
errors.index = pd.Index(range(1, HORIZON + 1), name="weeks ahead")
print("Mean absolute error, thousand barrels a day:")
print(errors.round(0).to_string())
print(errors.mean().round(0).to_string())

# %%
# The forecasts
# -------------

weeks = gasoline.index[n_train:]
figure, (curves, bars) = plt.subplots(2, figsize=(9, 8), layout="constrained", height_ratios=[2, 1])
curves.plot(weeks, gasoline[n_train:], color="black", linewidth=0.8, label="used")
styles = {"LSTM": "C0", "last value": "C1", "same week of last year": "C2"}
for number in range(0, len(y_test), 2 * HORIZON):
    for name, colour in styles.items():
        ahead = weeks[number : number + HORIZON]
        label = f"forecast: {name}" if number == 0 else None
        curves.plot(ahead, forecasts[name][number], colour, linewidth=1.8 if name == "LSTM" else 0.8, label=label)
curves.set(ylabel="thousand barrels a day", title="Forecasts of eight weeks, every sixteen weeks of the test years")
curves.legend()
errors.plot.bar(ax=bars, color=list(styles.values()), rot=0, legend=False)
bars.set(ylabel="mean absolute error,\nthousand barrels a day", title="Errors by how far ahead, in the same colours")
figure.savefig("plot_forecast.png")
print("Picture of the forecasts: plot_forecast.png")
plt.show()
