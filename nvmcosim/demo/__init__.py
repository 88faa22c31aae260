"""The whole flow once for one plan: device curve, golden model, RTL, cosimulation, training."""

from nvmcosim.demo.flow import run_demo

__all__ = ["run_demo"]
