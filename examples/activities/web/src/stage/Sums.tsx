// The sums: writes that were sent, that the server applied, and that it recognised as asked before.
import { IconCircleCheck, IconAlertTriangle } from '@tabler/icons-react';
import type { Sums as Counted } from './ledger.ts';
import classes from './Sums.module.css';

export function Sums({ sums }: { sums: Counted }) {
  const { sent, applied, replayed, seen, twice } = sums;
  return (
    <div className={classes['sums']}>
      <dl className={classes['numbers']}>
        <Number name="sent" value={sent} testId="sum-sent" title="Writes that left a phone at least once" />
        <Number name="applied" value={applied} testId="sum-applied" title="Writes that the server applied, each once" />
        <Number name="replayed" value={replayed} testId="sum-replayed" title="Writes asked again after a lost answer: the server answered from memory and changed nothing" />
      </dl>
      <p className={classes['seen']} data-twice={twice > 0 || undefined} data-none={seen === 0 || undefined} data-testid="sum-seen">
        {twice === 0 ? <IconCircleCheck size={17} aria-hidden /> : <IconAlertTriangle size={17} aria-hidden />}
        {seen === 0 ? 'Nothing on the other phone yet' : `${seen} on the other phone, ${twice === 0 ? 'none twice' : `${twice} twice`}`}
      </p>
    </div>
  );
}

function Number({ name, value, testId, title }: { name: string; value: number; testId: string; title: string }) {
  return (
    <div className={classes['number']} title={title}>
      <dt>{name}</dt>
      <dd data-testid={testId}>{value}</dd>
    </div>
  );
}
