"""The settings of a policy by group (rules, section 31): typed, with units and bounds.

A setting that may be ``None`` came with a later version of the built-in packs: a pack that lists first steps for its scenes must set all of them.
"""
