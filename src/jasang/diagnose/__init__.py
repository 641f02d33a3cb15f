"""From a factory's tables to findings: the rules, their catalogue, and what they share."""
