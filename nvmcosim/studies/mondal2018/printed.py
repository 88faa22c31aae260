"""What mondal2018 prints of its networks: Tables IV to VII and the text of Section V."""

__all__ = [
    "LENGTHS",
    "NORMAL_MW",
    "TABLE_4",
    "TABLE_5",
    "TABLE_6",
    "TABLE_7",
    "Row",
]

#: Threshold (None: no approximation), then printed numbers by column.
Row = tuple[float | None, dict[str, str]]

#: Lengths of the streams in Table IV; None is without end.
LENGTHS = (None, 512, 256, 128)


def _table_4(phi: float | None, power: str, accuracy: str, energy: str) -> Row:
    names = ("inf", "512", "256", "128")
    found = dict(zip(names, accuracy.split(), strict=True))
    found |= {f"energy-{n}": e for n, e in zip(names[1:], energy.split(), strict=True)}
    return phi, {"power": power, **found}


#: Power in mW, accuracy in percent by stream length, energy in uJ.
TABLE_4 = (
    _table_4(None, "545.1", "87.43 87.41 87.59 81.97", "2.18 1.09 0.54"),
    _table_4(0.00, "443.8", "87.10 87.05 87.26 81.67", "1.77 0.88 0.44"),
    _table_4(0.01, "435.2", "86.74 86.79 86.59 83.51", "1.74 0.87 0.43"),
    _table_4(0.02, "431.4", "86.57 85.95 86.42 82.43", "1.72 0.86 0.43"),
    _table_4(0.03, "428.2", "86.03 86.17 85.82 84.29", "1.71 0.85 0.42"),
)


def _columns(phis: str, **rows: str) -> tuple[Row, ...]:
    """A table that is printed with a column for each threshold, none in the first."""
    thresholds = [None, *(float(phi) for phi in phis.split())]
    split = {name: row.split() for name, row in rows.items()}
    return tuple(
        (phi, {name: row[n] for name, row in split.items() if row[n] != "-"})
        for n, phi in enumerate(thresholds)
    )


TABLE_5 = _columns(
    "0.00 0.01 0.02 0.03 0.04 0.06 0.08",
    phi_z="- 0.00 0.64 1.28 1.92 2.56 2.88 3.84",
    inf="92.28 92.18 92.14 92.07 92.02 91.97 91.72 91.35",
    power="210.74 175.48 169.26 165.06 161.94 159.59 158.36 155.46",
)
TABLE_6 = {
    "sonar-1": _columns(
        "0.01 0.02 0.05 0.10 0.15 0.20",
        inf="83 83 83 82 81 81 78",
        power="8.85 7.71 7.18 6.48 5.66 4.96 4.62",
    ),
    "sonar-2": _columns(
        "0.01 0.02 0.05 0.10 0.15 0.20",
        phi_z="- 0.675 1.48 3.9 7.8 14.625 18.2",
        inf="90 90 89 89 91 90 87",
        power="47.95 44.05 40.96 36.24 33.03 29.19 27.02",
    ),
}
#: The red wine's phi_Z is printed as it is, the white's in hundredths: as the table has them.
TABLE_7 = {
    "wine-red": _columns(
        "0.02 0.04 0.10 0.15 0.20",
        inf="86.4 86.4 86.0 86.4 85.6 85.2",
        power="23.53 22.40 21.36 20.14 19.30 18.89",
    ),
    "wine-white": _columns(
        "0.02 0.04 0.10 0.15 0.20",
        inf="85.75 86.09 85.86 86.86 85.97 85.30",
        power="25.28 22.39 21.76 20.46 19.79 19.19",
    ),
}
#: Power in mW of the networks as trained, with the normal generator (Section V).
NORMAL_MW = {
    "mnist-1": "707.9",
    "mnist-2": "273.68",
    "sonar-1": "11.49",
    "sonar-2": "62.27",
    "wine-red": "30.56",
    "wine-white": "32.83",
}
