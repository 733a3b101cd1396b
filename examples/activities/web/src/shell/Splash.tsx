// What stands for the moment in which the store is read: the mark, and nothing that moves at first.
import { VisuallyHidden } from '@mantine/core';
import { Mark } from './Mark.tsx';
import classes from './Splash.module.css';

export function Splash() {
  return (
    <div className={classes['splash']} role="status">
      <Mark size={56} />
      <VisuallyHidden>Opening</VisuallyHidden>
    </div>
  );
}
