"""One file per job of a user; joins the rooms."""
