"""What is: store, artifacts, API, pages, client, and the gateway that answers live traffic."""
