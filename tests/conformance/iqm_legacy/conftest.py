"""Nothing but what every vendor's tests share."""
