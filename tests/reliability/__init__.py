"""What must hold whatever happens, shown on the whole system: processes, wires and all."""
