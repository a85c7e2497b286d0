"""The registry: every foreign format by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.timeline.importers import control_table, geojson, geonames, mapped_csv, ocha_pcodes, ucdp_ged
from services.timeline.importers.made import Format

_EVERY = (ucdp_ged, control_table, mapped_csv, geonames, ocha_pcodes, geojson)
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({one.FORMAT.name: one.FORMAT for one in _EVERY})

#: The source of a format that is one data set, where nobody says otherwise: (id, name).
SOURCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"ucdp-ged": ("ucdp-ged", "UCDP Georeferenced Event Dataset")}
)
