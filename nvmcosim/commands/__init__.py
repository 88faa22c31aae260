"""One module a command of the `nvmcosim` command line."""
