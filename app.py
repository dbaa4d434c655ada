"""The demo's entry point, on a Space and anywhere else: `python app.py`."""

import contextlib

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401 - a ZeroGPU Space needs it imported before torch; elsewhere it need not be there

from samhq_demo.ui.launching import exit_in_one_sentence, prepare_environment

with exit_in_one_sentence(ValueError):
    prepare_environment()  # before gradio is imported, which looks at its variables then

from samhq_demo.ui.serve import main

if __name__ == "__main__":
    main()
