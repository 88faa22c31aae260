"""The study of mondal2018: stochastic computing with biased MTJ number generators."""
