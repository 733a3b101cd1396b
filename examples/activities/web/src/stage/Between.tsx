// What stands between the phones: what to try next, the sums, the writes on their way, and the server.
import type { ServerControl } from './control.ts';
import { Guide } from './Guide.tsx';
import type { Progress } from './guide.ts';
import { fastest, sums, type Ledger } from './ledger.ts';
import { ServerCard } from './ServerCard.tsx';
import { Speed } from './Speed.tsx';
import { Sums } from './Sums.tsx';
import { Writes } from './Writes.tsx';
import classes from './Between.module.css';

export function Between({ ledger, done, server }: { ledger: Ledger; done: Progress; server: ServerControl }) {
  return (
    <div className={classes['between']}>
      <Guide done={done} canKillServer={server.kill !== undefined} refused={ledger.phones.ana.parked > 0} />
      <ServerCard server={server} />
      <section className={classes['wire']} aria-label="Between the phones">
        <Speed entry={fastest(ledger)} />
        <Sums sums={sums(ledger)} />
        <Writes entries={ledger.entries} />
      </section>
    </div>
  );
}
