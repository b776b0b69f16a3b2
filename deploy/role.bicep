// The bot's rights in one subscription: the actions of role.json as a custom role, given to one identity.
// The scope is the subscription, not a gateway: gateways are found by listing them, and the answer of a health request is
// fetched from a path of the subscription's own (Microsoft.Network/locations/operationResults).
targetScope = 'subscription'

@description('Object id of the identity that the bot runs as.')
param principalId string

var reader = loadJsonContent('role.json')

// A custom role's name may stand only once in a tenant, so each subscription's own carries its id.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, reader.Name)
  properties: {
    roleName: '${reader.Name} ${subscription().subscriptionId}'
    description: reader.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: reader.Actions
        notActions: []
      }
    ]
    assignableScopes: [
      subscription().id
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, role.id)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal' // an identity made a moment ago is not yet known everywhere; with its type it is taken all the same
    roleDefinitionId: role.id
  }
}
