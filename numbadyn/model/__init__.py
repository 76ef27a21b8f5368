"""Model interface: modules, variables, inputs, hooks and delays, from which steps are traced.

In: classes of users.  Out: eager results, or a `Step`.  Must not know: lowering, targets.
"""
