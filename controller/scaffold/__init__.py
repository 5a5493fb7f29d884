"""What ``trueup init`` makes: a GitOps repository with a dataset, a spec and a README."""
