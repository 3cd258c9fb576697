"""Sign-in with an OpenID Connect provider; its modules can be imported only where the settings turn it on."""
