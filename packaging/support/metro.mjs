// Bundles an entry of a consumer's folder with Metro and React Native's own Babel preset, as a release build does; and looks at what came into the bundle.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root } from './packed.mjs'

const require = createRequire(join(root, 'packages/react-native/package.json'))

/** `minify`: for sizes; Hermes compiles what is not minified as well. */
export async function metro(place, entry, { minify = false } = {}) {
  const Metro = require('metro')
  const config = await Metro.loadConfig(undefined, {
    projectRoot: place,
    // Metro's own `require` goes into each bundle.
    watchFolders: [place, dirname(require.resolve('metro-runtime/package.json'))],
    reporter: { update: () => undefined },
    maxWorkers: 1,
    cacheStores: [],
    resolver: { unstable_conditionNames: ['require', 'react-native'], unstable_enablePackageExports: true, useWatchman: false },
    transformer: {
      babelTransformerPath: require.resolve('@react-native/metro-babel-transformer'),
      getTransformOptions: async () => ({ transform: { experimentalImportSupport: false, inlineRequires: true } }),
    },
    serializer: { getPolyfills: () => [], getModulesRunBeforeMainModule: () => [] },
  })
  const modules = new Set()
  config.serializer.processModuleFilter = (module) => {
    modules.add(module.path)
    return true
  }
  const { code } = await Metro.runBuild(config, { entry, dev: false, minify, platform: 'android' })
  return { code, modules: [...modules] }
}
