"""Process capability: how measured values fit their specification, with intervals."""

from jasang.analyze.capability.indices import Capability, capability_from_summary, process_capability

__all__ = ["Capability", "capability_from_summary", "process_capability"]
