"""Colors of the page that Python hands over to the browser, as "#rrggbb"."""

from collections.abc import Mapping

# Okabe and Ito's (2008), which color-blind people can tell apart; shapes and names say the same for those who
# see none of them. Objects take them in turn.
OBJECT_COLORS = ("#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#f0e442", "#d55e00", "#0072b2", "#bbbbbb")

# Of what one branch alone has in its masks: orange and blue. What both have is gray.
BRANCH_COLORS: Mapping[str, str] = {"sam": "#e69f00", "sam_hq": "#0072b2"}
BOTH_COLOR = "#e8e8e8"
