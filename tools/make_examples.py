"""Make the shipped example factories from the open data sets they come from.

Usage: python tools/make_examples.py DATA_FOLDER

`steel_energy` and `machine_temperature` are unchanged copies. `hydraulic_rig` is derived: the 17 files of one column a second are
reduced to one row a cycle (mean over the cycle's 60 seconds), and the recorded condition of the rig stands beside them.
"""

import gzip
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# Sensor: the unit that the source's documentation gives.
RIG = {
    "PS1": "bar", "PS2": "bar", "PS3": "bar", "PS4": "bar", "PS5": "bar", "PS6": "bar",
    "EPS1": "W", "FS1": "l/min", "FS2": "l/min",
    "TS1": "°C", "TS2": "°C", "TS3": "°C", "TS4": "°C", "VS1": "mm/s", "CE": "%", "CP": "kW", "SE": "%",
}  # fmt: skip
PROFILE = ("cooler_condition", "valve_condition", "pump_leakage", "accumulator_pressure", "stable_flag")


def main() -> int:
    """Write the three folders; existing READMEs and factory.toml files stay."""
    data = Path(sys.argv[1])
    shutil.copyfile(
        data / "steel_industry_energy" / "steel_industry_energy.csv.gz",
        EXAMPLES / "steel_energy" / "steel_industry_energy.csv.gz",
    )
    shutil.copyfile(
        data / "nab_machine_temperature" / "machine_temperature_system_failure.csv.gz",
        EXAMPLES / "machine_temperature" / "machine_temperature_system_failure.csv.gz",
    )
    table = hydraulic_rig(data / "hydraulic_condition").write_csv().encode()
    # Without a time stamp in the gzip header the file is the same at every run.
    (EXAMPLES / "hydraulic_rig" / "units.csv.gz").write_bytes(gzip.compress(table, mtime=0))
    return 0


def hydraulic_rig(folder: Path) -> pl.DataFrame:
    """One row a cycle of 60 s: the mean of each sensor (4 significant decimals) and the rig's recorded condition."""
    columns: dict[str, np.ndarray] = {"cycle": np.arange(1, 2206)}
    for sensor, unit in RIG.items():
        file = folder / f"{sensor}.txt.gz"
        if not file.exists():
            file = folder / "derived_1hz" / f"{sensor}_1hz.tsv.gz"
        seconds = pl.read_csv(file, separator="\t", has_header=False)
        columns[f"{sensor} [{unit}]"] = seconds.mean_horizontal().round(4).to_numpy()
    profile = pl.read_csv(folder / "profile.txt.gz", separator="\t", has_header=False)
    columns |= {name: profile.to_series(place).to_numpy() for place, name in enumerate(PROFILE)}
    return pl.DataFrame(columns)


if __name__ == "__main__":
    raise SystemExit(main())
