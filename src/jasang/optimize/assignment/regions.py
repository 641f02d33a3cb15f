"""The 17 시·도 and how far apart two places are."""

import numpy as np

# Seats of government, latitude and longitude in degrees.
REGIONS: dict[str, tuple[float, float]] = {
    "서울": (37.567, 126.978), "부산": (35.180, 129.075), "대구": (35.871, 128.602), "인천": (37.456, 126.705),
    "광주": (35.160, 126.851), "대전": (36.351, 127.385), "울산": (35.539, 129.311), "세종": (36.480, 127.289),
    "경기": (37.275, 127.009), "강원": (37.885, 127.730), "충북": (36.636, 127.491), "충남": (36.659, 126.673),
    "전북": (35.820, 127.109), "전남": (34.816, 126.463), "경북": (36.576, 128.506), "경남": (35.238, 128.692),
    "제주": (33.489, 126.498),
}  # fmt: skip
# Within one region without exact places: a usual drive, so that nobody counts as next door.
WITHIN_REGION_KM = 25.0
_EARTH_KM = 6371.0


def distances_km(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Great-circle distances, float64 (n, m), of latitudes and longitudes in degrees (n, 2) and (m, 2); NaN where a place is."""
    a, b = np.radians(one)[:, None, :], np.radians(other)[None, :, :]
    half = np.sin((a - b) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    distance: np.ndarray = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return distance
