"""Print the module that Python hands over to the browser's: `python -m samhq_demo.ui.viewer`."""

from samhq_demo.ui.viewer.component import shared_module

print(shared_module())
