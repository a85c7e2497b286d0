"""The page: a map, two times, and why. The shell that the service writes, the files beside it, and the map as columns."""
