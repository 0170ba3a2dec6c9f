"""The networks: what they see and say, the looks that they take, and what their answers are worth."""
