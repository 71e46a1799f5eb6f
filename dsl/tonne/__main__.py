"""`python -m tonne`."""

from tonne.cli import main

main()
