"""The whole map at any moment, from columns in memory that all serving processes of a machine share."""
