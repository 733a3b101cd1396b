// One message, and for one's own how far it has come: a clock while it waits, a tick at the server, two when read.
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconCheck, IconChecks, IconClock } from '@tabler/icons-react';
import type { Entry } from 'activities-shared/chat/thread.ts';
import { displayName } from 'activities-shared/domain/names.ts';
import { reason } from 'activities-shared/outbox/words.ts';
import { clockTime } from 'activities-shared/time/words.ts';
import { OnlineAvatar } from '../presence/OnlineAvatar.tsx';
import { ParkedActions } from '../shell/ParkedActions.tsx';
import classes from './Bubble.module.css';

export function Bubble({ entry, mine, write }: {
  entry: Entry;
  mine: boolean;
  write: WriteSnapshot | undefined;
}) {
  const { message, first, last } = entry;
  const parked = write?.state === 'parked';
  return (
    <li className={classes['line']} data-mine={mine || undefined} data-first={first || undefined} data-testid="message" data-message-id={message.id}>
      {!mine && <div className={classes['face']}>{last && <OnlineAvatar id={message.senderId} size={30} />}</div>}
      <div className={classes['stack']}>
        {!mine && first && <span className={classes['sender']}>{displayName(message.senderId)}</span>}
        <div className={classes['bubble']} data-last={last || undefined} data-parked={parked || undefined} dir="auto">
          <span className={classes['text']} data-testid="message-text">{message.text}</span>
          <span className={classes['foot']} dir="ltr">
            <time dateTime={new Date(message.createdAt).toISOString()}>{clockTime(message.createdAt)}</time>
            {mine && <Tick write={write} readBy={entry.readBy} />}
          </span>
        </div>
        {parked && (
          <div className={classes['parked']} data-testid="parked" role="alert">
            <span className={classes['why']}>Not sent. {reason(write)}</span>
            <ParkedActions write={write} name="parked" />
          </div>
        )}
      </div>
    </li>
  );
}

function Tick({ write, readBy }: { write: WriteSnapshot | undefined; readBy: readonly string[] }) {
  if (write?.state === 'parked') return <Sign name="Not sent" tick="parked"><IconAlertTriangle size={15} /></Sign>;
  if (write !== undefined) return <Sign name="Waiting to be sent" tick="waiting"><IconClock size={14} /></Sign>;
  if (readBy.length > 0) return <Sign name={`Read by ${readBy.map(displayName).join(', ')}`} tick="read"><IconChecks size={16} /></Sign>;
  return <Sign name="Sent" tick="sent"><IconCheck size={15} /></Sign>;
}

function Sign({ name, tick, children }: { name: string; tick: string; children: React.ReactNode }) {
  return <span className={classes['tick']} role="img" aria-label={name} title={name} data-tick={tick}>{children}</span>;
}
