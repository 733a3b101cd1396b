// What needs React Native: its own Jest preset, over the built packages as an app has them.
module.exports = {
  preset: '@react-native/jest-preset',
  testMatch: ['<rootDir>/test/native/**/*.test.tsx'],
  transform: { '^.+\\.(js|ts|tsx|mjs)$': ['babel-jest', { presets: ['module:@react-native/babel-preset'], babelrc: false, configFile: false }] },
  // The built packages are CommonJS: they are not transformed, as in an app.
  transformIgnorePatterns: ['node_modules/(?!((jest-)?react-native|@react-native(-community)?|@react-native-async-storage)/)', '/packages/[^/]*/dist/'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@services/(.*)$': '<rootDir>/../react/test/seed/app/services/$1',
    '^@shared/(.*)$': '<rootDir>/../react/test/seed/app/shared/$1',
    '^@features/(.*)$': '<rootDir>/../react/test/seed/app/features/$1',
  },
  testTimeout: 120_000,
  // Node's fetch keeps its connections for some seconds.
  forceExit: true,
};
