// The app lies outside of the workspace, because Expo wants another React than the web app: it has a `node_modules` of its own, and takes the packages and the shared
// code of `../shared` from the repository.
const { getDefaultConfig } = require('expo/metro-config')
const path = require('node:path')

const repository = path.resolve(__dirname, '../../..')
const own = path.join(__dirname, 'node_modules')
const config = getDefaultConfig(__dirname)
config.watchFolders = [path.join(repository, 'packages'), path.join(repository, 'examples/activities/shared')]
// One React and one query library, also for files that lie elsewhere: the repository's own node_modules are not watched, so that nothing is found there.
config.resolver.nodeModulesPaths = [own]
module.exports = config
