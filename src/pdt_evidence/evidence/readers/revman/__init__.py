"""Reviews from Review Manager: .rm5, its CSV export, data packages of the web version."""
