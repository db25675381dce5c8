"""How guests are stopped: how often their power button is pressed, and force."""
