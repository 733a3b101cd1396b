// What the app's Node server sends: its own interface, the one that `new Server<..., ServerEvents>()` has. Tidewire takes it as it is (A6).

export interface Note {
  id: string;
  author: string;
  text: string;
}

export interface ServerEvents {
  'note:added': (note: Note) => void;
}
