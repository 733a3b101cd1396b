// Entry on a phone.
import { registerRootComponent } from 'expo'
import { App } from './src/App'
import './src/platform/background.native'

registerRootComponent(App)
