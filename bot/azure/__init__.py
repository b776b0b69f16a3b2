"""Everything that talks to Azure Resource Manager (ARM) or reads its documents and messages.

Importing the package itself imports nothing. The Azure SDK takes most of a second to import, so
only `client` and the modules that it uses (`connection`, `credentials`, `pipeline`, `errors`)
import it. The other modules are pure.
"""
