"""What coordinator and workers say to each other, and how it travels through Redis and Celery."""
