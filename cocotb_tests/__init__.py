"""cocotb benches: RTL against the golden model on Icarus and Verilator."""
