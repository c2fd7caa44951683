"""GraphQL: the dialect `interactions` by another door. Strawberry and graphql-core stay in here."""
