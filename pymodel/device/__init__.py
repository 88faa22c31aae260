"""Device laws and the parameters of the devices they describe."""
