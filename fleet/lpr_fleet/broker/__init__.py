"""RabbitMQ: which queues there are, and a connection that takes messages from them."""
