"""The portal: a Django project, and the only place that knows Django."""
