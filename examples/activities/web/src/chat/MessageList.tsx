// The messages, newest at the bottom. Stays at the bottom while its reader is there, and goes there when they send.
import type { WriteSnapshot } from '@tidewire/client';
import { IconMessageCircle } from '@tabler/icons-react';
import { Fragment, useLayoutEffect, useRef } from 'react';
import { thread } from 'activities-shared/chat/thread.ts';
import type { Message, User } from 'activities-shared/domain/types.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { Notice } from '../shell/Notice.tsx';
import { Bubble } from './Bubble.tsx';
import classes from './MessageList.module.css';

const NEAR = 80;

export function MessageList({ messages, user, sent, writeOf }: {
  messages: readonly Message[];
  user: User;
  /** How many were sent from here: each brings the end into view. */
  sent: number;
  writeOf: (messageId: string) => WriteSnapshot | undefined;
}) {
  const now = useNow();
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const height = useRef(0);
  const newest = messages[0]?.id;
  const empty = newest === undefined;

  useLayoutEffect(() => {
    atEnd.current = true;
  }, [sent]);
  useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [newest, sent]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    // The keyboard of a phone, or the window, takes room away at the bottom; a message that was refused takes more than before.
    const observer = new ResizeObserver(() => {
      height.current = element.clientHeight;
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    if (list.current !== null) observer.observe(list.current);
    return () => observer.disconnect();
  }, [empty]);

  const onScroll = () => {
    const element = box.current;
    // Another height moves what is seen too, and that is not its reader's wish.
    if (element !== null && element.clientHeight === height.current) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
  };

  return (
    <div className={classes['box']} ref={box} onScroll={onScroll} role="log" aria-label="Messages" tabIndex={0}>
      {empty ? (
        <Notice icon={<IconMessageCircle size={24} />} title="No messages yet">Say hello: those who are going will see it.</Notice>
      ) : (
        <ol className={classes['messages']} ref={list}>
          {thread(messages, now).map((entry) => (
            <Fragment key={entry.message.id}>
              {entry.day !== undefined && <li className={classes['day']}><span>{entry.day}</span></li>}
              <Bubble entry={entry} mine={entry.message.senderId === user.id} write={writeOf(entry.message.id)} />
            </Fragment>
          ))}
        </ol>
      )}
    </div>
  );
}
