"""Process capability: how measured values fit their specification, with intervals, and whether the process is stable at all."""

from jasang.analyze.capability.indices import Capability, capability_from_summary, process_capability
from jasang.analyze.capability.johnson import Johnson, johnson_transformation
from jasang.analyze.capability.memory import Memory, memory_of
from jasang.analyze.capability.parts import Part, capability_by, capability_over_time
from jasang.analyze.capability.shape import NormalityTest, Shape, normality_test, shape_of
from jasang.analyze.capability.spread import Spread, spread_of
from jasang.analyze.capability.stability import Instability, instabilities
from jasang.analyze.capability.study import CapabilityStudy, Estimate, capability_study

__all__ = [
    "Capability",
    "CapabilityStudy",
    "Estimate",
    "Instability",
    "Johnson",
    "Memory",
    "NormalityTest",
    "Part",
    "Shape",
    "Spread",
    "capability_by",
    "capability_from_summary",
    "capability_over_time",
    "capability_study",
    "instabilities",
    "johnson_transformation",
    "memory_of",
    "normality_test",
    "process_capability",
    "shape_of",
    "spread_of",
]
