"""The comparing canvas: its component, template and styles, and the browser's part in JavaScript."""
