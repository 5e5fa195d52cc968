"""Parametric drawings of the goods: one function a thing, strings of SVG."""
