"""`python -m samhq_demo.evaluation FOLDER --model base`."""

from samhq_demo.evaluation.command import main

main()
