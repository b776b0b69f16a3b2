// appgw-check on Azure Container Apps, inside the gateways' virtual network, over Socket Mode: nothing comes in.
// The command line is in docs/install.md. Whoever runs it needs the right to make role definitions and assignments in the gateways'
// subscriptions (Owner, or User Access Administrator).
targetScope = 'resourceGroup'

@description('Region; that of the virtual network.')
param location string = resourceGroup().location

@description('Id of a subnet of the gateways\' virtual network, or of a peered one: /27 or larger, delegated to Microsoft.App/environments, with the routes and DNS of the gateways\' own subnet.')
param subnetId string

@description('The image, for example contoso.azurecr.io/appgw-check:0.2.0.')
param image string

@description('Its registry, when the bot\'s identity is to pull from it, for example contoso.azurecr.io; empty for a public one.')
param registryServer string = ''

@description('Ids of the subscriptions that hold the gateways.')
param gatewaySubscriptions array

@description('Slack\'s Bot User OAuth Token, xoxb-...')
@secure()
param slackBotToken string

@description('Slack\'s app-level token with connections:write, xapp-...')
@secure()
param slackAppToken string

@description('postgresql://user:password@server.postgres.database.azure.com/appgw?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt')
@secure()
param databaseUrl string

@description('Hosts and networks that may be probed besides the gateways\' own members, comma-separated, for example contoso.com,10.0.0.0/8.')
param allowedTargets string = ''

@description('Slack channel ids in which may be asked, comma-separated; empty opens it to every channel.')
param allowedChannels string = ''

@description('Slack workspace id whose people may ask, for example T0123ABCD; empty holds it to the workspace or organisation of the bot\'s own token. People of other organisations in shared channels are refused either way.')
param homeTeam string = ''

// User-assigned, so that its rights outlive the app and are there before the first start.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'appgw-check'
  location: location
}

module role 'role.bicep' = [for id in gatewaySubscriptions: {
  name: 'appgw-check-role-${id}'
  scope: subscription(id)
  params: {
    principalId: identity.properties.principalId
  }
}]

resource logs 'Microsoft.OperationalInsights/workspaces@2022-10-01' = {
  name: 'appgw-check'
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 90 // the audit records are in these logs
  }
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'appgw-check'
  location: location
  properties: {
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: true
    }
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: 'appgw-check'
  location: location
  dependsOn: [
    role
  ]
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: empty(registryServer) ? [] : [
        {
          server: registryServer
          identity: identity.id
        }
      ]
      secrets: [
        {
          name: 'slack-bot-token'
          value: slackBotToken
        }
        {
          name: 'slack-app-token'
          value: slackAppToken
        }
        {
          name: 'database-url'
          value: databaseUrl
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 30 // the bot ends by itself within 25
      containers: [
        {
          name: 'appgw-check'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [
            {
              name: 'SLACK_BOT_TOKEN'
              secretRef: 'slack-bot-token'
            }
            {
              name: 'SLACK_APP_TOKEN'
              secretRef: 'slack-app-token'
            }
            {
              // Container Apps offers no disk of one's own but network shares, and SQLite must not lie on those.
              name: 'APPGW_DATABASE_URL'
              secretRef: 'database-url'
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: identity.properties.clientId
            }
            {
              name: 'APPGW_AZURE_CREDENTIAL'
              value: 'managed-identity'
            }
            {
              name: 'APPGW_SUBSCRIPTIONS'
              value: join(gatewaySubscriptions, ',')
            }
            {
              name: 'APPGW_HTTP_HOST'
              value: '0.0.0.0'
            }
            {
              name: 'APPGW_ADMIN_HOST'
              value: '0.0.0.0'
            }
            {
              name: 'APPGW_ALLOWED_TARGETS'
              value: allowedTargets
            }
            {
              name: 'APPGW_ALLOWED_CHANNELS'
              value: allowedChannels
            }
            {
              name: 'APPGW_HOME_TEAM'
              value: homeTeam
            }
          ]
          probes: [
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: 8080
              }
              initialDelaySeconds: 20
              periodSeconds: 30
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 8080
              }
              periodSeconds: 15
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1 // it has to be there when nobody asks: digests and the Slack socket wake nobody up
        maxReplicas: 1 // more may run on the same database; then also raise minReplicas
      }
    }
  }
}

@description('For AcrPull on the registry, and for rights in further subscriptions.')
output principalId string = identity.properties.principalId
