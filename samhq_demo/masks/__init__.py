"""The mask value and its arithmetic. No model, no drawing."""
