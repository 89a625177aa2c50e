"""How far a result holds: leave-one-out, influence, order, subsets, dependence."""
