"""What ropewalk costs, measured beside what it is compared with; run by `make bench`."""
