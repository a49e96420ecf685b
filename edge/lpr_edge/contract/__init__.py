"""What training, export and device share: labels, preprocessing, network outputs, the manifest, data folders."""
