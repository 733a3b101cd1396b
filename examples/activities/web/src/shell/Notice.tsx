// Empty, error and waiting states: an icon, a sentence, perhaps a way on.
import type { ReactNode } from 'react';
import classes from './Notice.module.css';

export function Notice({ icon, title, children, action, role = 'status' }: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: 'status' | 'alert';
}) {
  return (
    <div className={classes['notice']} role={role} data-alarm={role === 'alert' || undefined}>
      <span className={classes['icon']} aria-hidden>{icon}</span>
      <p className={classes['title']}>{title}</p>
      {children !== undefined && <p className={classes['text']}>{children}</p>}
      {action}
    </div>
  );
}
