"""The edge to Azure Resource Manager: its documents and messages <-> our values.

Importing the package imports nothing: the Azure SDK takes most of a second, and only `client` and
what stands behind it
(`connection`, `credentials`, `pipeline`, `outcome`) need it. The translators and policies are pure.
"""
