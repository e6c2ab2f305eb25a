"""Recognition of resistive heating appliances by the step that they add."""
